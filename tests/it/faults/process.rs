//! The process itself: asked to end, killed, out of memory, out of time. Another instance finishes what it leaves, as
//! soon as the dead one's lease is over.

use std::process::Command;

use crate::support::{Answer, Ask, Function, World, machine, machines};

/// Looks of the schedule, half a second apart, until the dead one's lease is over and everything is done.
const LOOKS_MAX: usize = 200;
/// Bytes of memory that a process still gets before it runs out of it.
const LAST_BYTES: u64 = 2 * 1024 * 1024;

/// Lets the schedule of another instance finish, and looks at each request.
async fn all_is_applied(world: &World, answers: &[Answer]) {
    for _ in 0..LOOKS_MAX {
        world.schedule().await;
        if world.budget().await["backlog"]["requests"] == 0 {
            break;
        }
        let clock = world.app().clock();
        clock.wait_until(clock.now().plus_ms(500)).await;
    }
    for answer in answers {
        let ended = answer.now(world).await;
        let machines = ended.body["machines"].as_array().unwrap().len() as u64;
        assert_eq!(ended.count("applied"), machines, "{ended:?}");
    }
    assert!(world.simulator().most_in_window(60_000) <= 100);
}

/// A process that gets this signal while a call is under way.
async fn gets(signal: &str) {
    let world = World::on_the_systems_clock([("RESPOND_WITHIN_MS", "0")]).await;
    world.simulator().switch(|s| s.latency_ms = 2_000);
    let mut function = Function::start(&world, true).await;
    let mut answers = Vec::new();
    for n in 0..4 {
        answers.push(function.invoke(&Ask::add("vip", &machines(n * 3..n * 3 + 3))).await);
    }
    while world.calls() == 0 {
        tokio::task::yield_now().await;
    }
    // The shell's own: not every system has a program of that name.
    let kill = format!("kill {signal} {}", function.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    function.until_gone().await;
    world.simulator().switch(|s| s.latency_ms = 0);
    all_is_applied(&world, &answers).await;
}

/// A process that gets no more memory while large requests come.
async fn runs_out_of_memory() {
    let world = World::on_the_systems_clock([("RESPOND_WITHIN_MS", "0")]).await;
    let mut function = Function::start(&world, true).await;
    let mut answers = vec![function.invoke(&Ask::add("vip", &[machine(1)])).await];
    function.has_no_memory_but(LAST_BYTES);
    let mut died = false;
    for n in 1..40 {
        let Some(answer) =
            function.try_invoke(&Ask::add("vip", &machines(n * 10_000..(n + 1) * 10_000))).await
        else {
            died = true;
            break;
        };
        answers.extend(Some(answer).filter(|answer| answer.status == 202));
    }
    assert!(died, "it ran out of memory");
    all_is_applied(&world, &answers).await;
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_killed_or_out_of_memory_loses_nothing() {
    tokio::join!(gets("-TERM"), gets("-KILL"), runs_out_of_memory());
}

#[tokio::test]
async fn a_function_whose_time_is_nearly_up_begins_no_call_and_loses_nothing() {
    let world = World::on_the_systems_clock([("RESPOND_WITHIN_MS", "0")]).await;
    let mut function = Function::start_for(&world, true, 10_000).await;
    let answer = function.invoke(&Ask::add("vip", &[machine(1)])).await;
    function.rested(2).await;
    assert_eq!((answer.status, world.calls()), (202, 0), "a call may take longer than what is left");
    all_is_applied(&world, &[answer]).await;
}
