//! A request as an item: machines packed to 20 bytes each, outcomes to one.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{
    Item, PK, QUEUED, QUEUED_AT, SK, bytes, find_number, get_bytes, get_number, get_text, malformed, number,
    text,
};
use super::table::StoreError;
use crate::domain::values::MACHINE_ID_BYTES;
use crate::domain::{
    Action, MachineId, Outcome, Priority, RequestId, RequestRecord, SourceName, Tag, TagRequest, Timestamp,
};

/// Codes from here on mean `Rejected`, with the detail at the code's place in the list of details.
const REJECTED: u8 = 32;
/// Details an item can tell apart; later ones share the last.
const DETAILS_MAX: usize = 200;

/// The attribute of a request that came with others: how many they are, itself counted.
const TOGETHER: &str = "together";
/// Its value where the attribute is missing.
const ALONE: u8 = 1;

/// Outcomes, packed: a code for each machine and the details that codes refer to.
pub(super) struct PackedOutcomes {
    pub(super) codes: Vec<u8>,
    pub(super) details: Vec<AttributeValue>,
}

/// The key of a request's item.
pub(super) fn key(pk: String, id: RequestId) -> [(&'static str, AttributeValue); 2] {
    [(PK, text(pk)), (SK, text(format!("request#{id}")))]
}

/// The item of a request.
pub(super) fn to_item(pk: String, record: &RequestRecord) -> Item {
    let request = &record.request;
    let packed = pack(&record.outcomes);
    let machines = request.machines.iter().flat_map(|machine| *machine.as_bytes()).collect();
    let mut item: Item = key(pk, request.id).map(|(name, value)| (name.to_owned(), value)).into();
    item.extend(
        [
            ("id", text(request.id.to_string())),
            ("sourceName", text(request.source.as_str())),
            ("tag", text(request.tag.as_str())),
            ("action", text(request.action.as_str())),
            ("priority", text(request.priority.as_str())),
            ("receivedAt", number(request.received_at.ms())),
            (QUEUED_AT, number(record.queued_at.ms())),
            ("machines", bytes(machines)),
            ("outcomes", bytes(packed.codes)),
            ("details", AttributeValue::L(packed.details)),
            ("revision", number(record.revision)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(order) = record.queued {
        item.insert(QUEUED.into(), number(order));
    }
    if request.together != ALONE {
        item.insert(TOGETHER.into(), number(request.together));
    }
    item
}

/// The request of an item.
pub(super) fn from_item(item: &Item) -> Result<RequestRecord, StoreError> {
    let packed_machines = get_bytes(item, "machines")?.chunks(MACHINE_ID_BYTES);
    let machines = packed_machines.map(|id| id.try_into().map(MachineId::from_bytes));
    let request = TagRequest {
        id: RequestId::parse(get_text(item, "id")?).map_err(|_| malformed("id"))?,
        source: SourceName::parse(get_text(item, "sourceName")?).map_err(|_| malformed("sourceName"))?,
        tag: Tag::parse(get_text(item, "tag")?).map_err(|_| malformed("tag"))?,
        action: Action::parse(get_text(item, "action")?).map_err(|_| malformed("action"))?,
        priority: Priority::parse(get_text(item, "priority")?).ok_or_else(|| malformed("priority"))?,
        received_at: Timestamp::from_ms(get_number(item, "receivedAt")?),
        machines: machines.collect::<Result<_, _>>().map_err(|_| malformed("machines"))?,
        together: find_number(item, TOGETHER)?.unwrap_or(ALONE),
    };
    let outcomes =
        unpack(get_bytes(item, "outcomes")?, item.get("details")).ok_or_else(|| malformed("outcomes"))?;
    if outcomes.len() != request.machines.len() {
        return Err(malformed("outcomes"));
    }
    Ok(RequestRecord {
        request,
        queued: find_number(item, QUEUED)?,
        queued_at: Timestamp::from_ms(get_number(item, QUEUED_AT)?),
        outcomes,
        revision: get_number(item, "revision")?,
    })
}

/// Packs outcomes.
pub(super) fn pack(outcomes: &[Outcome]) -> PackedOutcomes {
    let mut details: Vec<&str> = Vec::new();
    let codes = outcomes.iter().map(|outcome| match outcome {
        Outcome::Pending => 0,
        Outcome::Applied => 1,
        Outcome::Superseded => 2,
        Outcome::UnknownMachine => 3,
        Outcome::Unconfirmed => 4,
        Outcome::Expired => 5,
        Outcome::Rejected(detail) => REJECTED + place(&mut details, detail),
    });
    let codes = codes.collect();
    PackedOutcomes { codes, details: details.into_iter().map(text).collect() }
}

/// The detail's place in the list, to which it is added if there is room.
fn place<'a>(details: &mut Vec<&'a str>, detail: &'a str) -> u8 {
    let known = details.iter().position(|known| *known == detail);
    let at = known.unwrap_or_else(|| {
        if details.len() < DETAILS_MAX {
            details.push(detail);
        }
        details.len() - 1
    });
    u8::try_from(at).unwrap_or(0)
}

fn unpack(codes: &[u8], details: Option<&AttributeValue>) -> Option<Vec<Outcome>> {
    let details = details.and_then(|list| list.as_l().ok()).map(Vec::as_slice).unwrap_or_default();
    let outcome = |code: &u8| match code {
        0 => Some(Outcome::Pending),
        1 => Some(Outcome::Applied),
        2 => Some(Outcome::Superseded),
        3 => Some(Outcome::UnknownMachine),
        4 => Some(Outcome::Unconfirmed),
        5 => Some(Outcome::Expired),
        _ => {
            let at = usize::from(code.checked_sub(REJECTED)?);
            Some(Outcome::Rejected(details.get(at)?.as_s().ok()?.as_str().into()))
        }
    };
    codes.iter().map(outcome).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn some_outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::Pending),
            Just(Outcome::Applied),
            Just(Outcome::Superseded),
            Just(Outcome::UnknownMachine),
            Just(Outcome::Unconfirmed),
            Just(Outcome::Expired),
            (0..150u8).prop_map(|n| Outcome::Rejected(format!("400 Code{n}").into())),
        ]
    }

    proptest! {
        #[test]
        fn a_record_is_read_back_as_written(
            outcomes in proptest::collection::vec(some_outcome(), 1..300), queued: Option<u64>, revision: u32,
            together: u8,
        ) {
            let machines = (0..outcomes.len() as u64).map(|n| {
                let mut id = [7; MACHINE_ID_BYTES];
                id[..8].copy_from_slice(&n.to_be_bytes());
                MachineId::from_bytes(id)
            });
            let request = TagRequest {
                id: RequestId::fresh(),
                source: SourceName::parse("soar").unwrap(),
                tag: Tag::parse("vip").unwrap(),
                action: Action::Remove,
                priority: Priority::Urgent,
                received_at: Timestamp::from_ms(5),
                machines: machines.collect(),
                together,
            };
            let queued_at = Timestamp::from_ms(6);
            let record = RequestRecord { request, queued, queued_at, outcomes, revision };
            prop_assert_eq!(from_item(&to_item("t#0".into(), &record)).unwrap(), record);
        }
    }

    #[test]
    fn more_details_than_an_item_tells_apart_share_the_last() {
        let outcomes: Vec<_> = (0..250).map(|n| Outcome::Rejected(format!("{n}").into())).collect();
        let packed = pack(&outcomes);
        let list = AttributeValue::L(packed.details);
        let read = unpack(&packed.codes, Some(&list)).unwrap();
        assert_eq!(
            (&read[199], &read[249]),
            (&Outcome::Rejected("199".into()), &Outcome::Rejected("199".into()))
        );
    }

    #[test]
    fn an_item_that_is_not_as_written_is_malformed() {
        assert!(matches!(from_item(&Item::new()), Err(StoreError::Malformed(_))));
    }
}
