//! Figures as the tables of the trials show them.

/// The smallest of these values that at least `percent` of them do not exceed. The values are sorted, smallest first.
pub fn percentile<T: Copy + Default>(sorted: &[T], percent: usize) -> T {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

/// A quotient with this number of digits after the point.
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
    fn a_percentile_is_the_smallest_value_that_reaches_the_share() {
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!([percentile(&hundred, 50), percentile(&hundred, 99), percentile(&[], 50)], [50, 99, 0]);
    }

    #[test]
    fn a_quotient_keeps_its_zeros() {
        let shown = [quotient(1_005, 1_000, 2), quotient(7, 2, 1), quotient(7, 2, 0), quotient(1, 0, 1)];
        assert_eq!(shown, ["1.00", "3.5", "3", "1.0"]);
    }
}
