//! A machine's id in Defender.
//!
//! Invariant: a `MachineId` is 40 hexadecimal digits, kept as 20 bytes and always written in lower case.

use std::fmt;
use std::str::FromStr;

/// Bytes of a machine id.
/// Source: Microsoft, "Machine resource type": every id shown is 40 lower-case hexadecimal digits.
pub const MACHINE_ID_BYTES: usize = 20;

/// A machine's id in Defender.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineId([u8; MACHINE_ID_BYTES]);

/// The text is not 40 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a machine id is 40 hexadecimal digits")]
pub struct NotAMachineId;

impl MachineId {
    /// Reads 40 hexadecimal digits of either case.
    pub fn parse(text: &str) -> Result<Self, NotAMachineId> {
        let mut bytes = [0; MACHINE_ID_BYTES];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAMachineId)?;
        Ok(Self(bytes))
    }

    /// The id from its bytes.
    pub const fn from_bytes(bytes: [u8; MACHINE_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The id's bytes.
    pub const fn as_bytes(&self) -> &[u8; MACHINE_ID_BYTES] {
        &self.0
    }
}

impl FromStr for MachineId {
    type Err = NotAMachineId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_id_is_read_back_as_written(bytes: [u8; MACHINE_ID_BYTES]) {
            let id = MachineId::from_bytes(bytes);
            prop_assert_eq!(MachineId::parse(&id.to_string()), Ok(id));
        }

        #[test]
        fn only_forty_hexadecimal_digits_are_an_id(text in ".{0,60}") {
            let good = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
            prop_assert_eq!(MachineId::parse(&text).is_ok(), good);
        }
    }

    #[test]
    fn upper_case_digits_name_the_same_machine() {
        assert_eq!(MachineId::parse(&"AB".repeat(20)), MachineId::parse(&"ab".repeat(20)));
    }
}
