//! How many machines waited while a soak ran. The memory of the processes follows this number.

use std::collections::BTreeMap;

use defender_tag_relay::domain::{Outcome, RequestRecord};
use simulator::Arrival;

/// Looks at each third of the run.
const LOOKS: i64 = 200;

/// The time that one machine waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MachineWait {
    /// When the machine's request arrived, in milliseconds since the Unix epoch.
    pub(super) since_ms: i64,
    /// When Defender sent the first later list that has the machine, in milliseconds since the Unix epoch.
    pub(super) until_ms: i64,
}

/// The wait of each machine that was applied. Defender sends its list `list_ms` after it receives a call.
pub(super) fn waits<'a>(
    records: impl Iterator<Item = &'a RequestRecord>,
    calls: &[Arrival],
    list_ms: u64,
) -> Result<Vec<MachineWait>, String> {
    let listed = listed_at_ms(calls, list_ms);
    let mut all = Vec::new();
    for record in records {
        let request = &record.request;
        let since_ms = request.received_at.ms();
        let applied = request.machines.iter().zip(&record.outcomes);
        for (machine, _) in applied.filter(|(_, outcome)| **outcome == Outcome::Applied) {
            let key = (request.tag.as_str(), request.action.as_str(), machine.to_string());
            let until_ms = listed.get(&key).into_iter().flatten().find(|at| **at >= since_ms);
            let until_ms =
                *until_ms.ok_or_else(|| format!("{key:?} is said to be applied; no later list has it"))?;
            all.push(MachineWait { since_ms, until_ms });
        }
    }
    Ok(all)
}

/// When Defender sent its lists that have a machine, by tag, action and machine.
fn listed_at_ms(calls: &[Arrival], list_ms: u64) -> BTreeMap<(&str, &str, String), Vec<i64>> {
    let mut listed: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.status == 200) {
        let at_ms = i64::try_from(call.received_at_ms + list_ms).unwrap_or(i64::MAX);
        for machine in &call.machine_ids {
            let key = (call.value.as_str(), call.action.as_str(), machine.clone());
            listed.entry(key).or_default().push(at_ms);
        }
    }
    listed
}

/// The most machines that waited at once in each third of a run from `since_ms` to `until_ms`.
pub(super) fn most_in_thirds(waits: &[MachineWait], since_ms: i64, until_ms: i64) -> [usize; 3] {
    let mut begun: Vec<_> = waits.iter().map(|wait| wait.since_ms).collect();
    let mut ended: Vec<_> = waits.iter().map(|wait| wait.until_ms).collect();
    begun.sort_unstable();
    ended.sort_unstable();
    let count_until = |times: &[i64], at_ms: i64| times.partition_point(|time| *time <= at_ms);
    let look = |number: i64| {
        let at_ms = since_ms + (until_ms - since_ms) * number / (3 * LOOKS);
        count_until(&begun, at_ms) - count_until(&ended, at_ms)
    };
    [0, 1, 2].map(|third| (third * LOOKS..=(third + 1) * LOOKS).map(look).max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_third_shows_the_most_machines_that_waited_at_once() {
        let waits = [(0, 10), (5, 20), (6, 299), (110, 190), (120, 130)]
            .map(|(since_ms, until_ms)| MachineWait { since_ms, until_ms });
        assert_eq!(most_in_thirds(&waits, 0, 300), [3, 3, 1]);
    }
}
