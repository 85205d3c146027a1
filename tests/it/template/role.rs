//! `template.yaml`: the permissions of the function's role, checked against what the code needs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::template::{resources, template};

/// What a service's client can be asked for that the relay could come to need, by the folder that asks.
const SDK_CALLS: [(&str, &str, &[&str]); 3] = [
    (
        "src/store",
        "dynamodb",
        &[
            "put_item",
            "get_item",
            "update_item",
            "delete_item",
            "query",
            "scan",
            "batch_get_item",
            "batch_write_item",
            "transact_get_items",
            "transact_write_items",
            "describe_table",
        ],
    ),
    ("src/aws", "secretsmanager", &["get_secret_value", "batch_get_secret_value", "describe_secret"]),
    ("src/entra", "sts", &["get_web_identity_token", "get_caller_identity", "assume_role"]),
];

fn sources_under(folder: &std::path::Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| {
        if path.is_dir() { sources_under(&path) } else { std::fs::read_to_string(path).unwrap() }
    };
    entries.map(text).collect()
}

fn pascal(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').map(word).collect()
}

/// The statements of the function's role, with what they allow.
fn statements() -> Vec<(Value, Vec<String>)> {
    let template = template();
    let roles = resources(&template, "AWS::IAM::Role");
    let (_, role) = roles.iter().find(|(name, _)| name == "RelayRole").unwrap();
    let all = role["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap();
    // A statement with a condition is the second of three: the condition's name, it, nothing.
    let plain =
        |statement: &Value| if statement.is_array() { statement[1].clone() } else { statement.clone() };
    let text = |action: &Value| action.as_str().unwrap().to_owned();
    let actions = |statement: &Value| match &statement["Action"] {
        Value::Array(actions) => actions.iter().map(text).collect(),
        one => vec![text(one)],
    };
    all.iter().map(plain).map(|statement| (statement.clone(), actions(&statement))).collect()
}

#[test]
fn the_role_may_do_what_the_code_asks_for_and_nothing_else() {
    let allowed: BTreeSet<_> = statements().into_iter().flat_map(|(_, actions)| actions).collect();
    for (folder, service, calls) in SDK_CALLS {
        let source = sources_under(folder.as_ref());
        let made = calls.iter().filter(|call| source.contains(&format!(".{call}()")));
        // A transaction is allowed by what is in it, and in the relay's are puts.
        let action = |call: &str| pascal(call).replace("TransactWriteItems", "PutItem");
        let made: BTreeSet<_> = made.map(|call| format!("{service}:{}", action(call))).collect();
        let may = allowed.iter().filter(|action| action.starts_with(&format!("{service}:")));
        assert_eq!(may.cloned().collect::<BTreeSet<_>>(), made, "{folder}");
    }
}

#[test]
fn the_index_may_only_be_queried_and_the_table_may_not() {
    let on = |resource: &str| {
        let all = statements().into_iter();
        all.filter(|(statement, _)| statement["Resource"] == resource)
            .flat_map(|(_, actions)| actions)
            .collect::<Vec<_>>()
    };
    assert_eq!(on("${Table.Arn}/index/backlog"), vec!["dynamodb:Query"]);
    assert_eq!(on("Table.Arn"), vec!["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]);
}

#[test]
fn an_identity_may_be_asked_for_the_audiences_of_the_one_tenant_or_of_the_several() {
    let statements = statements();
    let (identity, _) = statements.iter().find(|(_, actions)| actions[0].starts_with("sts:")).unwrap();
    let audiences = &identity["Condition"]["ForAllValues:StringEquals"]["sts:IdentityTokenAudience"];
    assert_eq!(*audiences, json!(["HasTenants", "TenantAudiences", "FederatedAudience"]));
    assert_eq!(template()["Parameters"]["TenantAudiences"]["Type"], "CommaDelimitedList");
}
