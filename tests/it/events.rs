use local::events;

use crate::support::World;

#[tokio::test]
async fn every_file_of_events_is_answered_as_its_table_says() {
    let world = World::new().await;
    for described in events::described().unwrap() {
        let answer = world.play_any(world.ready(&described.file)).await;
        let status = answer["statusCode"].as_u64();
        assert_eq!(status, described.status.map(u64::from), "{}: {answer}", described.file);
        let body = answer["body"].as_str().unwrap_or_default();
        for part in described.in_body {
            assert!(body.contains(&part), "{}: {part} is not in {body}", described.file);
        }
        world.app().relays.until_idle().await;
    }
}

#[tokio::test]
async fn every_file_of_events_is_described() {
    let described: Vec<_> = events::described().unwrap().into_iter().map(|known| known.file).collect();
    for (folder, before) in [(events::folder(), ""), (events::folder().join("hooks"), "hooks/")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = format!("{before}{}", entry.unwrap().file_name().into_string().unwrap());
            let other = ["README.md", "sources.json", "hooks"].contains(&name.as_str());
            assert!(other || described.contains(&name), "{name} is not in events/README.md");
        }
    }
}

#[tokio::test]
async fn the_kinds_of_http_events_all_reach_the_same_routes() {
    let world = World::new().await;
    for file in ["add.json", "add-rest.json", "add-function-url.json", "base64-body.json"] {
        let answer = world.play(events::load(file).unwrap()).await;
        assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("done")), "{file}");
    }
}

#[tokio::test]
async fn a_stage_before_the_path_is_no_part_of_the_route() {
    let world = World::new().await;
    let mut event = events::load("budget.json").unwrap();
    event["requestContext"]["stage"] = "prod".into();
    event["rawPath"] = "/prod/v1/budget".into();
    assert_eq!(world.play(event).await.status, 200);
}

#[tokio::test]
async fn an_event_of_no_known_kind_fails() {
    let world = World::new().await;
    let error = events::play(world.app(), serde_json::json!({ "Records": [] })).await.unwrap_err();
    assert!(error.to_string().contains("no known kind"), "{error}");
}
