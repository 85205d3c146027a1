//! The relay's table, as `template.yaml` makes it.

use super::error::EngineError;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use dynoxide::types::{
    AttributeDefinition, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection, ProjectionType,
    ScalarAttributeType,
};
use dynoxide::{Database, DynoxideError};

/// Makes the relay's table, unless there is a table of that name.
pub(super) fn create_table(database: &Database, name: &str) -> Result<(), EngineError> {
    match database.create_table(table(name)) {
        Ok(_) => {}
        Err(DynoxideError::ResourceInUseException(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let time_to_live_specification =
        TimeToLiveSpecification { attribute_name: "expiresAt".to_owned(), enabled: true };
    let request = UpdateTimeToLiveRequest { table_name: name.to_owned(), time_to_live_specification };
    database.update_time_to_live(request)?;
    Ok(())
}

fn table(name: &str) -> CreateTableRequest {
    CreateTableRequest {
        table_name: name.to_owned(),
        key_schema: keys("sk"),
        attribute_definitions: vec![
            attribute("pk", ScalarAttributeType::S),
            attribute("sk", ScalarAttributeType::S),
            attribute("queued", ScalarAttributeType::N),
        ],
        local_secondary_indexes: Some(vec![LocalSecondaryIndex {
            index_name: "backlog".to_owned(),
            key_schema: keys("queued"),
            projection: Projection {
                projection_type: Some(ProjectionType::KEYS_ONLY),
                ..Projection::default()
            },
        }]),
        billing_mode: Some("PAY_PER_REQUEST".to_owned()),
        ..CreateTableRequest::default()
    }
}

fn keys(range: &str) -> Vec<KeySchemaElement> {
    let key = |name: &str, key_type| KeySchemaElement { attribute_name: name.to_owned(), key_type };
    vec![key("pk", KeyType::HASH), key(range, KeyType::RANGE)]
}

fn attribute(name: &str, attribute_type: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition { attribute_name: name.to_owned(), attribute_type }
}
