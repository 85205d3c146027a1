//! Figures as the tables of the trials show them.

/// Of these, the shortest first, the one within which this share is.
pub(crate) fn within(sorted: &[i64], percent: usize) -> i64 {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied().unwrap_or_default()
}

/// A quotient with so many digits after the point.
pub(crate) fn quotient(dividend: usize, divisor: usize, digits: u32) -> String {
    let parts = 10_usize.pow(digits);
    let whole = dividend * parts / divisor.max(1);
    match digits {
        0 => whole.to_string(),
        _ => format!("{}.{:0width$}", whole / parts, whole % parts, width = digits as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_the_smallest_that_reaches_it() {
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!([within(&hundred, 50), within(&hundred, 99), within(&[], 50)], [50, 99, 0]);
    }

    #[test]
    fn a_quotient_keeps_its_zeros() {
        let shown = [quotient(1_005, 1_000, 2), quotient(7, 2, 1), quotient(7, 2, 0), quotient(1, 0, 1)];
        assert_eq!(shown, ["1.00", "3.5", "3", "1.0"]);
    }
}
