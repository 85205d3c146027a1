use aws_sdk_dynamodb::types::AttributeValue;
use local::loopback::TABLE;

use super::Fixture;

/// Puts an unreadable entry into the backlog. Returns its partition and its request's id.
pub async fn dead_entry(fixture: &Fixture) -> (String, &'static str) {
    let dynamodb = local::aws::clients(&fixture.loopback.engine.url()).dynamodb;
    let id = "00000000-0000-4000-8000-000000000000";
    let pk = format!("{}#0", fixture.loopback.variables["TENANT_ID"]);
    let put = dynamodb.put_item().table_name(TABLE).item("pk", AttributeValue::S(pk.clone()));
    let put = put.item("sk", AttributeValue::S(format!("request#{id}")));
    let put = put.item("queued", AttributeValue::N("0".into()));
    put.item("machines", AttributeValue::S("not bytes".into())).send().await.unwrap();
    (pk, id)
}
