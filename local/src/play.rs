//! Plays the files of `events/` and shows what each did.

use std::process::ExitCode;

use comfy_table::{Table, presets};
use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use local::events::{self, Described};
use local::{Loopback, LoopbackOptions, sources};
use serde_json::Value;
use simulator::dynamodb::Storage;

use super::arguments::LocalArguments;

/// Machines that are shown one by one.
const MACHINES_SHOWN: usize = 8;

/// Plays every file. Fails if one is not answered as `events/README.md` says.
pub(crate) async fn all(arguments: &LocalArguments) -> Result<ExitCode, lambda_runtime::Error> {
    let storage = Storage::File(arguments.data.clone());
    let clock = Clock::system();
    let sources = sources::kept(&arguments.sources())?;
    let variables = Variables::from([("SOURCES".into(), sources.to_string())]);
    let options = LoopbackOptions { dynamodb_port: 0, simulator_port: 0, storage, clock, variables };
    let fixture = Loopback::start(options).await?;
    let played = tokio::select! {
        played = play(&fixture) => played.map(Some),
        () = super::serve::interrupted() => Ok(None),
    };
    fixture.app.relays.until_idle().await;
    let Loopback { engine, .. } = fixture;
    engine.stop().await;
    Ok(match played? {
        Some(0) => ExitCode::SUCCESS,
        Some(wrong) => {
            eprintln!("{wrong} of the events were not answered as events/README.md says");
            ExitCode::FAILURE
        }
        None => {
            println!("interrupted; what was accepted is kept and goes on with the next run");
            ExitCode::SUCCESS
        }
    })
}

async fn play(fixture: &Loopback) -> Result<usize, lambda_runtime::Error> {
    let mut table = new_table(["event", "what it is", "answer", "outcomes", "calls", ""]);
    let mut wrong = 0;
    for described in events::described()? {
        let calls_before = fixture.simulator.arrivals().len();
        let answer = events::play(&fixture.app, ready(fixture, &described.file)?).await?;
        fixture.app.relays.until_idle().await;
        let calls = fixture.simulator.arrivals().len() - calls_before;
        let good = is_as_described(&answer, &described);
        wrong += usize::from(!good);
        let verdict = if good { "as described" } else { "NOT AS DESCRIBED" };
        let status = status(&answer);
        let outcomes = outcomes(&answer);
        table.add_row([described.file, described.what, status, outcomes, calls.to_string(), verdict.into()]);
    }
    println!("{table}\n");
    show_machines(fixture);
    show_budget(fixture).await?;
    Ok(wrong)
}

fn ready(fixture: &Loopback, file: &str) -> std::io::Result<Value> {
    let sources = fixture.variables.get("SOURCES").map_or("", String::as_str);
    events::ready(file, sources, fixture.app.clock().now())
}

fn new_table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table
}

fn status(answer: &Value) -> String {
    answer["statusCode"].as_u64().map_or_else(|| "–".into(), |status| status.to_string())
}

fn body(answer: &Value) -> Value {
    answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
}

fn outcomes(answer: &Value) -> String {
    let body = body(answer);
    let several = body["requests"].as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    let counts = several.iter().filter_map(|request| request["counts"].as_object()).flatten();
    let counts: Vec<_> = counts.map(|(outcome, count)| format!("{count} {outcome}")).collect();
    if !counts.is_empty() {
        return counts.join(", ");
    }
    let words = [&body["code"], &body["problem"]["code"], &body["status"], &answer["status"]];
    words.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned()
}

fn is_as_described(answer: &Value, described: &Described) -> bool {
    let body: String = answer["body"].as_str().unwrap_or_default().split_whitespace().collect();
    let status = answer["statusCode"].as_u64();
    status == described.status.map(u64::from)
        && described.in_body.iter().all(|part| body.contains(part.as_str()))
}

fn show_machines(fixture: &Loopback) {
    let machines = fixture.simulator.machines();
    println!("Machines in Defender that carry a tag, or did: {}", machines.len());
    for (machine, tags) in machines.iter().take(MACHINES_SHOWN) {
        println!("  {machine}  {}", tags.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    }
    if machines.len() > MACHINES_SHOWN {
        println!("  … and {} more", machines.len() - MACHINES_SHOWN);
    }
}

async fn show_budget(fixture: &Loopback) -> Result<(), lambda_runtime::Error> {
    let report = fixture.app.relays.first().report().await?;
    let minute = report.budget.minute;
    let hour = report.budget.hour;
    println!("\nBudget: {} of {} calls left this minute", minute.remaining(), minute.limit);
    println!("        {} of {} calls left this hour", hour.remaining(), hour.limit);
    println!("Backlog: {} requests", report.backlog.requests);
    Ok(())
}
