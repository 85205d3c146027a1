//! Every call that reaches the tagging route is written here on receipt, whatever becomes of it.

use serde::{Deserialize, Serialize};

/// One tagging call as the simulator saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// When it counts towards the limits, in milliseconds since the epoch.
    pub counted_at_ms: u64,
    /// When its last byte was read, in milliseconds since the epoch.
    pub received_at_ms: u64,
    /// The tag; empty where the body could not be read.
    pub value: String,
    /// `Add` or `Remove`, or whatever the body said.
    pub action: String,
    /// The machines in the order of the body.
    pub machine_ids: Vec<String>,
    /// The answer's status; 0 while there is none, and for a connection cut without one.
    pub status: u16,
    /// The machines that its answer lists; none where it is no 200, or cannot be read.
    pub listed: Vec<String>,
}

/// The greatest number of arrivals in any closed window of that length.
pub fn most_in_window(arrivals: &[Arrival], window_ms: u64) -> usize {
    let mut times: Vec<u64> = arrivals.iter().map(|arrival| arrival.counted_at_ms).collect();
    times.sort_unstable();
    let mut first = 0;
    let mut most = 0;
    for (last, time) in times.iter().enumerate() {
        while times[first] + window_ms < *time {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(times: &[u64]) -> Vec<Arrival> {
        let arrival = |time: &u64| Arrival {
            counted_at_ms: *time,
            received_at_ms: *time,
            value: String::new(),
            action: String::new(),
            machine_ids: Vec::new(),
            status: 200,
            listed: Vec::new(),
        };
        times.iter().map(arrival).collect()
    }

    #[test]
    fn both_ends_of_a_window_belong_to_it() {
        assert_eq!(most_in_window(&at(&[0, 60_000]), 60_000), 2);
        assert_eq!(most_in_window(&at(&[0, 60_001]), 60_000), 1);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        assert_eq!(most_in_window(&at(&[90_000, 10_000, 50_000, 200_000]), 60_000), 2);
        assert_eq!(most_in_window(&[], 60_000), 0);
    }
}
