//! What was asked and answered, and whether the outside world ended as it says.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ask, World, get};

/// One request that was answered 200 or 202.
struct Answered {
    id: String,
    tag: String,
    add: bool,
    machines: Vec<String>,
}

/// Answered requests, each sent after the one before was answered.
#[derive(Default)]
pub struct History(Vec<Answered>);

impl History {
    /// Notes a request that was answered.
    pub fn note(&mut self, ask: &Ask, id: String) {
        let (tag, add, machines) = ask.content();
        self.0.push(Answered { id, tag, add, machines });
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Holds the world against it: each request has a true outcome for each machine, Defender's machines carry
    /// what the last request for each of them and each tag says, and no window was ever over.
    pub async fn judge(&self, world: &World) -> Result<(), String> {
        self.every_outcome_is_true(world).await?;
        let carried = world.simulator().machines();
        for ((tag, machine), add) in self.last_words() {
            let carries = carried.get(machine).is_some_and(|tags| tags.contains(tag));
            if carries != (add && !machine.starts_with("dead")) {
                return Err(format!("{machine} carries {tag}: {carries}, asked for last: {add}"));
            }
        }
        let (minute, hour) =
            (world.simulator().most_in_window(60_000), world.simulator().most_in_window(3_600_000));
        if minute > 100 || hour > 1500 {
            return Err(format!("{minute} calls in a minute, {hour} in an hour"));
        }
        Ok(())
    }

    fn last_words(&self) -> BTreeMap<(&str, &str), bool> {
        let mut words = BTreeMap::new();
        for asked in &self.0 {
            let (tag, add) = (asked.tag.as_str(), asked.add);
            words.extend(asked.machines.iter().map(|machine| ((tag, machine.as_str()), add)));
        }
        words
    }

    async fn every_outcome_is_true(&self, world: &World) -> Result<(), String> {
        let arrivals = world.simulator().arrivals();
        let done: BTreeSet<_> = arrivals
            .iter()
            .filter(|call| call.status == 200)
            .flat_map(|call| call.machine_ids.iter().map(|id| (&call.value, call.action == "Add", id)))
            .collect();
        for asked in &self.0 {
            let answer = get(&format!("/v1/tag-requests/{}", asked.id)).send(world).await;
            if answer.body["status"] != "done" {
                return Err(format!("{} is not done: {}", asked.id, answer.body));
            }
            for (place, machine) in asked.machines.iter().enumerate() {
                let outcome = answer.outcome(place);
                let possible = match outcome {
                    "applied" => done.contains(&(&asked.tag, asked.add, machine)),
                    "unknown_machine" => machine.starts_with("dead"),
                    "superseded" => true,
                    _ => false,
                };
                if !possible {
                    return Err(format!("{machine} of {} is said to be {outcome}", asked.id));
                }
            }
        }
        Ok(())
    }
}
