//! Which batch has to show that Defender answers again, after drains that got no usable answer.
//!
//! Invariant: each batch gets its turn, and routine batches together take one turn among the urgent ones. So a batch that
//! Defender never answers is not the only one that is tried, and nothing urgent waits for a row of routine ones.

use super::fold::Batch;
use crate::domain::Priority;

/// Moves the batch to the front that is tried now. The given batches have the urgent ones first. `tried` is the number of
/// drains in a row without a usable answer.
pub fn in_turn(mut batches: Vec<Batch>, tried: u32) -> Vec<Batch> {
    let urgent = batches.iter().filter(|batch| batch.priority == Priority::Urgent).count();
    let routine = batches.len() - urgent;
    let turns = urgent + usize::from(routine > 0);
    if turns > 0 {
        let turn = tried as usize % turns;
        let round = tried as usize / turns;
        let first = if turn < urgent { turn } else { urgent + round % routine };
        let batch = batches.remove(first);
        batches.insert(0, batch);
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Action, Tag};

    fn batches(urgent: usize, routine: usize) -> Vec<Batch> {
        let of = |priority, number: usize| {
            let tag = Tag::parse(&format!("{priority:?}-{number}")).unwrap();
            Batch { tag, action: Action::Add, priority, members: Vec::new() }
        };
        let urgent = (0..urgent).map(|number| of(Priority::Urgent, number));
        urgent.chain((0..routine).map(|number| of(Priority::Routine, number))).collect()
    }

    proptest! {
        #[test]
        fn each_batch_is_tried_and_the_routine_ones_share_a_turn(urgent in 0usize..5, routine in 0usize..5) {
            let all = batches(urgent, routine);
            let turns = u32::try_from((urgent + 1) * routine.max(1)).unwrap();
            let tried: Vec<_> = (0..turns).filter_map(|n| in_turn(all.clone(), n).into_iter().next()).collect();
            for batch in &all {
                prop_assert!(tried.contains(batch), "{:?}", batch.tag);
            }
            for turn in tried.windows(2).filter(|_| urgent > 0) {
                prop_assert!(turn.iter().any(|batch| batch.priority == Priority::Urgent));
            }
        }

        #[test]
        fn no_batch_is_lost(urgent in 0usize..5, routine in 0usize..5, tried: u32) {
            let mut there = in_turn(batches(urgent, routine), tried);
            there.sort_by_key(|batch| (batch.priority, batch.tag.clone()));
            prop_assert_eq!(there, batches(urgent, routine));
        }
    }
}
