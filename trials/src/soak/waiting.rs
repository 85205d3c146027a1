//! How many machines waited while a soak ran: what memory follows.

/// From when to when one machine waited, in milliseconds.
pub(crate) type Wait = (i64, i64);

/// Looks at each third of the run.
const LOOKS: i64 = 200;

/// The most machines that waited at once in each third of a run from `since_ms` to `until_ms`.
pub(crate) fn most_in_thirds(waits: &[Wait], since_ms: i64, until_ms: i64) -> [usize; 3] {
    let mut begun: Vec<_> = waits.iter().map(|wait| wait.0).collect();
    let mut ended: Vec<_> = waits.iter().map(|wait| wait.1).collect();
    begun.sort_unstable();
    ended.sort_unstable();
    let before = |times: &[i64], at: i64| times.partition_point(|time| *time <= at);
    let look = |number: i64| {
        let at = since_ms + (until_ms - since_ms) * number / (3 * LOOKS);
        before(&begun, at) - before(&ended, at)
    };
    [0, 1, 2].map(|third| (third * LOOKS..=(third + 1) * LOOKS).map(look).max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_third_tells_the_most_that_waited_at_once() {
        let waits = [(0, 10), (5, 20), (6, 299), (110, 190), (120, 130)];
        assert_eq!(most_in_thirds(&waits, 0, 300), [3, 3, 1]);
    }
}
