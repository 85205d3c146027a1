//! A cluster: instances, the table, the network between them, and the time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fastrand::Rng;

use super::super::limits::{Limits, Quota};
use super::super::permit::Permit;
use super::super::spans::CLOCK_SKEW_MS;
use super::check::{Interval, Violation, most_in_window, reserve_used};
use super::fault_profile::{FaultProfile, FaultTally};
use super::faults::PlantedFault;
use super::instance::Instance;
use super::table::{ClusterTable, Write, WriteReply};
use crate::domain::values::Priority;

const START_MS: i64 = 1_800_000_000_000;
/// Limits of a minute and an hour. Small ones spread the same number of permits over more hours.
const LIMITS: [(u32, u32); 4] = [(100, 1500), (40, 160), (12, 30), (7, 60)];

#[derive(Debug)]
pub(super) enum ClusterEvent {
    Ask,
    /// A write reaches the table. If `replied` is true, its sender gets the reply.
    Arrive {
        write: Box<Write>,
        replied: bool,
    },
    /// A reply; none: the client gave up.
    Reply(Option<WriteReply>),
    Use(Permit),
}

/// The instance that an event is about, its life then, and the event.
type Due = (usize, u32, ClusterEvent);

pub(super) struct Cluster {
    pub(super) fault: PlantedFault,
    pub(super) rng: Rng,
    pub(super) now_ms: i64,
    limits: Limits,
    pub(super) instances: Vec<Instance>,
    pub(super) table: ClusterTable,
    queue: BinaryHeap<Reverse<(i64, usize)>>,
    due: Vec<Option<Due>>,
    pub(super) calls: Vec<Interval>,
    pub(super) profile: FaultProfile,
    pub(super) tally: FaultTally,
}

impl Cluster {
    pub(super) fn new(seed: u64, fault: PlantedFault) -> Self {
        let mut rng = Rng::with_seed(seed);
        let (per_minute, per_hour) = LIMITS[rng.usize(..LIMITS.len())];
        let quota = |part: u32| Quota { per_minute: per_minute / part, per_hour: per_hour / part };
        let limits = Limits::with_usual_reserve(quota(1));
        let stricter = rng.u32(..3) == 0;
        let start_ms = START_MS + rng.i64(0..3_600_000);
        let instances = (0..rng.usize(1..25)).map(|place| {
            let own = if stricter && place == 1 { Limits::with_usual_reserve(quota(2)) } else { limits };
            let wrong = fault == PlantedFault::ClockAhead && place == 0;
            let ahead_ms = if wrong { 4_000 } else { rng.i64(-CLOCK_SKEW_MS..=CLOCK_SKEW_MS) };
            Instance::new(fault, fault.limits(own), ahead_ms)
        });
        let instances: Vec<Instance> = instances.collect();
        let profile = FaultProfile::new(&mut rng);
        let mut cluster = Self {
            fault,
            rng,
            now_ms: start_ms,
            limits,
            instances,
            table: ClusterTable::new(fault),
            queue: BinaryHeap::new(),
            due: Vec::new(),
            calls: Vec::new(),
            profile,
            tally: FaultTally::default(),
        };
        for who in 0..cluster.instances.len() {
            cluster.later(who, 0, ClusterEvent::Ask);
        }
        cluster
    }

    /// Runs until so many calls were made.
    pub(super) fn run(&mut self, calls: usize) {
        while self.tally.used < calls {
            let Some(Reverse((at_ms, number))) = self.queue.pop() else { break };
            self.tally.hours = (at_ms - START_MS) / 3_600_000;
            self.now_ms = at_ms;
            let Some((who, life, event)) = self.due.get_mut(number).and_then(Option::take) else { continue };
            self.step(who, life, event);
        }
    }

    /// The first law that was broken.
    pub(super) fn violation(&self) -> Option<Violation> {
        let Quota { per_minute, per_hour } = self.limits.of(Priority::Urgent);
        let minute = most_in_window(&self.calls, 60_000);
        let hour = most_in_window(&self.calls, 3_600_000);
        let routine = self.limits.of(Priority::Routine).per_minute;
        if minute > per_minute as usize {
            Some(Violation::Minute(minute))
        } else if hour > per_hour as usize {
            Some(Violation::Hour(hour))
        } else if self.table.in_pause > 0 {
            Some(Violation::Paused(self.table.in_pause))
        } else {
            reserve_used(&self.table.countings, routine).map(Violation::Reserve)
        }
    }

    pub(super) fn later(&mut self, who: usize, in_ms: i64, event: ClusterEvent) {
        let life = self.instances.get(who).map_or(0, |instance| instance.life);
        self.queue.push(Reverse((self.now_ms + in_ms.max(0), self.due.len())));
        self.due.push(Some((who, life, event)));
    }
}
