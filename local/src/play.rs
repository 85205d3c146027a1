//! Plays the files of `events/`, and prints what each did as soon as it is known.

use std::collections::BTreeMap;
use std::process::ExitCode;

use defender_tag_relay::clock::{Clock, Stopwatch};
use defender_tag_relay::config::Variables;
use defender_tag_relay::domain::RequestId;
use lambda_runtime::Error;
use local::events::{self, Described};
use local::{Loopback, LoopbackOptions, sources};
use serde_json::Value;

use super::arguments::LocalArguments;
use super::screen::{self, Marks};

/// Columns of a file's name. With the other columns a line has 79.
const FILE_COLUMNS: usize = 32;
/// Columns of an outcome; a longer one is cut.
const OUTCOME_COLUMNS: usize = 32;
/// Machines that are shown one by one.
const MACHINES_SHOWN: usize = 8;

/// What became of one event.
struct Played {
    is_as_described: bool,
    status: String,
    outcome: String,
    calls: usize,
}

/// What became of all events.
#[derive(Default)]
struct Sum {
    events: usize,
    wrong: usize,
    calls: usize,
}

/// Plays every file, on a table in memory unless a file is given for it. Fails if one event is not answered as
/// `events/README.md` says.
pub(crate) async fn all(arguments: &LocalArguments) -> Result<ExitCode, Error> {
    if let Some(option) = arguments.needs_serve() {
        return Err(format!("{option} needs --serve: a play uses free ports and a plain secret").into());
    }
    let storage = arguments.storage();
    let clock = Clock::system();
    let sources = match &arguments.data {
        Some(_) => sources::kept(&arguments.sources_file())?,
        None => sources::fresh(),
    };
    let variables = Variables::from([("SOURCES".into(), sources.to_string())]);
    let options = LoopbackOptions { dynamodb_port: 0, simulator_port: 0, storage, clock, variables };
    let fixture = Loopback::start(options).await?;
    let played = tokio::select! {
        played = play(&fixture) => Some(played),
        () = super::serve::interrupted() => None,
    };
    fixture.app.relays.until_idle().await;
    let Loopback { engine, .. } = fixture;
    engine.stop().await;
    let Some(played) = played else {
        screen::line("interrupted");
        return Ok(ExitCode::FAILURE);
    };
    Ok(if played?.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn play(fixture: &Loopback) -> Result<Sum, Error> {
    let watch = Stopwatch::start();
    let marks = Marks::of_terminal();
    let mut sum = Sum::default();
    screen::line(row("  ", "HTTP", "event", "outcome", "calls"));
    for described in events::described()? {
        let played = play_one(fixture, &described).await?;
        sum.events += 1;
        sum.calls += played.calls;
        sum.wrong += usize::from(!played.is_as_described);
        let mark = format!("{} ", marks.of(played.is_as_described));
        let calls = played.calls.to_string();
        screen::line(row(&mark, &played.status, &described.file, &played.outcome, &calls));
    }
    screen::line("");
    show_machines(fixture);
    show_budget(fixture).await?;
    let Sum { events, wrong, calls } = sum;
    let seconds = f64::from(watch.ms()) / 1000.0;
    let as_described = events - wrong;
    screen::line(format!(
        "\n{} {as_described} of {events} events answered as events/README.md says, {calls} calls, {seconds:.1} s",
        marks.of(wrong == 0)
    ));
    Ok(sum)
}

async fn play_one(fixture: &Loopback, described: &Described) -> Result<Played, Error> {
    let calls_before = fixture.simulator.arrivals().len();
    let answer = events::play(&fixture.app, ready(fixture, &described.file)?).await?;
    fixture.app.relays.until_idle().await;
    Ok(Played {
        is_as_described: is_as_described(&answer, described),
        status: answer["statusCode"].as_u64().map_or_else(|| "–".into(), |status| status.to_string()),
        outcome: outcome(fixture, &answer).await?,
        calls: fixture.simulator.arrivals().len() - calls_before,
    })
}

/// One line of at most 79 columns. The mark has two columns.
fn row(mark: &str, status: &str, file: &str, outcome: &str, calls: &str) -> String {
    let outcome = cut(outcome, OUTCOME_COLUMNS);
    format!("{mark}{status:<4}  {file:<FILE_COLUMNS$} {outcome:<OUTCOME_COLUMNS$} {calls:>5}")
}

fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns - 1).chain(['…']).collect()
}

fn ready(fixture: &Loopback, file: &str) -> std::io::Result<Value> {
    let sources = fixture.variables.get("SOURCES").map_or("", String::as_str);
    events::ready(file, sources, fixture.app.clock().now())
}

/// What became of the event after the drain: the outcomes of its requests, or the code of its problem.
async fn outcome(fixture: &Loopback, answer: &Value) -> Result<String, Error> {
    let body = answer["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    let body = body.unwrap_or_default();
    let requests = body["requests"].as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for id in requests.iter().filter_map(|request| RequestId::parse(request["id"].as_str()?).ok()) {
        let record = fixture.app.relays.first().request(id).await?;
        for outcome in record.iter().flat_map(|record| &record.outcomes) {
            *counts.entry(outcome.name()).or_default() += 1;
        }
    }
    if !counts.is_empty() {
        let counts: Vec<_> = counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        return Ok(counts.join(", "));
    }
    let texts = [&body["code"], &body["problem"]["code"], &body["status"], &answer["status"]];
    Ok(texts.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned())
}

fn is_as_described(answer: &Value, described: &Described) -> bool {
    let body: String = answer["body"].as_str().unwrap_or_default().split_whitespace().collect();
    let status = answer["statusCode"].as_u64();
    status == described.status.map(u64::from)
        && described.in_body.iter().all(|part| body.contains(part.as_str()))
}

fn show_machines(fixture: &Loopback) {
    let machines = fixture.simulator.machines();
    let tagged: Vec<_> = machines.iter().filter(|(_, tags)| !tags.is_empty()).collect();
    screen::line(format!("Tagged machines in the simulated Defender: {}", tagged.len()));
    for (machine, tags) in tagged.iter().take(MACHINES_SHOWN) {
        let tags: Vec<_> = tags.iter().map(String::as_str).collect();
        screen::line(format!("  {machine}  {}", cut(&tags.join(", "), OUTCOME_COLUMNS)));
    }
    if tagged.len() > MACHINES_SHOWN {
        screen::line(format!("  … and {} more", tagged.len() - MACHINES_SHOWN));
    }
}

async fn show_budget(fixture: &Loopback) -> Result<(), Error> {
    let report = fixture.app.relays.first().report().await?;
    let minute = report.budget.minute;
    let hour = report.budget.hour;
    screen::line(format!("Budget: {} of {} calls left this minute", minute.remaining(), minute.limit));
    screen::line(format!("        {} of {} calls left this hour", hour.remaining(), hour.limit));
    screen::line(format!("Backlog: {} requests", report.backlog.requests));
    Ok(())
}
