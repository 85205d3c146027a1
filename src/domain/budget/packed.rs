//! Counts as the table keeps them: two bytes each, newest first, trailing zeros left out.

/// A ledger's packed counts are not as they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger's counts cannot be read")]
pub struct Malformed;

pub(super) fn pack(counts: &[u16]) -> Vec<u8> {
    let used = counts.iter().rposition(|&count| count != 0).map_or(0, |last| last + 1);
    counts.iter().take(used).flat_map(|count| count.to_le_bytes()).collect()
}

pub(super) fn unpack<const N: usize>(bytes: &[u8]) -> Result<[u16; N], Malformed> {
    let mut counts = [0; N];
    if !bytes.len().is_multiple_of(2) || bytes.len() > N * 2 {
        return Err(Malformed);
    }
    for (count, pair) in counts.iter_mut().zip(bytes.chunks_exact(2)) {
        let &[low, high] = pair else { return Err(Malformed) };
        *count = u16::from_le_bytes([low, high]);
    }
    Ok(counts)
}
