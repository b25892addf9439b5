//! Amounts: bytes and shares.

/// Bytes with the largest unit of 1024 that fits and at most one decimal: `8B`, `1.5K`, `64M`.
pub fn bytes(count: u64) -> String {
    let units = [(60, 'E'), (50, 'P'), (40, 'T'), (30, 'G'), (20, 'M'), (10, 'K')];
    for (shift, unit) in units {
        let whole = count >> shift;
        if whole > 0 {
            let tenths = ((count >> (shift - 10)) & 1023) * 10 / 1024;
            return if tenths > 0 { format!("{whole}.{tenths}{unit}") } else { format!("{whole}{unit}") };
        }
    }
    format!("{count}B")
}

/// A fraction of 2^32 - 1 in per cent, rounded.
pub fn percent_of_scale(scale: u32) -> u64 {
    (u64::from(scale) * 100 + u64::from(u32::MAX / 2)) / u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_at_most_one_decimal() {
        for (count, expected) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1064, "1K"),
            (1536, "1.5K"),
            (5 << 30, "5G"),
            ((1 << 30) + 1, "1G"),
            (u64::MAX - 1, "15.9E"),
        ] {
            assert_eq!(bytes(count), expected);
        }
    }

    #[test]
    fn shares_are_rounded() {
        for (scale, expected) in [(0, 0), (1000, 0), (64_424_509, 1), (2_147_483_647, 50), (u32::MAX, 100)] {
            assert_eq!(percent_of_scale(scale), expected, "{scale}");
        }
    }
}
