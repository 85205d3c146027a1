//! Two token buckets in one state under compare-and-swap, as bucket4j keeps them on DynamoDB (its module was
//! removed; a copy lives on in cashapp/misk): a consistent read, then a put if the state is still the same; on
//! a conflict again at once, without a limit. A refusal writes nothing.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use defender_tag_relay::domain::Timestamp;
use local::loopback::TABLE;
use trials::virtual_time::{Contention, Limiter, LimiterAnswer};

use super::item::{LimiterItem, get, number, text};

/// Name, capacity, and milliseconds in which it is filled, evenly.
const BUCKETS: [(&str, i64, i64); 2] = [("perMinute", 100, 60_000), ("perHour", 1_500, 3_600_000)];
/// Parts of a token.
const PARTS: i64 = 1_000_000;

pub struct CasBucket(Client);

impl CasBucket {
    pub fn new(contention: &Contention, _: u64) -> Self {
        Self(contention.table.client())
    }

    async fn state(&self) -> Result<Option<LimiterItem>, String> {
        let get = self.0.get_item().table_name(TABLE).consistent_read(true);
        let found = get.key("pk", text("bucket")).key("sk", text("bucket")).send().await;
        found.map(|found| found.item).map_err(|error| format!("{error:?}"))
    }

    /// Whether the state was still `seen`.
    async fn swap(&self, seen: Option<&LimiterItem>, next: LimiterItem) -> Result<bool, String> {
        let put = self.0.put_item().table_name(TABLE).set_item(Some(next));
        let put = match seen.and_then(|item| item.get("version")) {
            Some(version) => put
                .condition_expression("version = :seen")
                .expression_attribute_values(":seen", version.clone()),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(false)
            }
            Err(error) => Err(format!("{error:?}")),
        }
    }
}

/// The state with one token taken from each bucket, or when there will be one.
fn taken(seen: Option<&LimiterItem>, now_ms: i64) -> Result<LimiterItem, i64> {
    let value = |name| seen.and_then(|item| get(item, name));
    let at_ms = value("at").unwrap_or(now_ms).max(now_ms);
    let passed_ms = at_ms - value("at").unwrap_or(at_ms);
    let mut next = LimiterItem::from([("pk".into(), text("bucket")), ("sk".into(), text("bucket"))]);
    let mut wait_ms = 0;
    for (name, capacity, fill_ms) in BUCKETS {
        let full = capacity * PARTS;
        let parts = value(name).unwrap_or(full).saturating_add(passed_ms * full / fill_ms).min(full);
        wait_ms = wait_ms.max(((PARTS - parts) * fill_ms).div_euclid(full) + i64::from(parts < PARTS));
        next.insert(name.into(), number(parts - PARTS));
    }
    next.insert("at".into(), number(at_ms));
    next.insert("version".into(), number(value("version").unwrap_or(0) + 1));
    if wait_ms > 0 { Err(now_ms + wait_ms) } else { Ok(next) }
}

impl Limiter for CasBucket {
    async fn ask(&mut self, now: &dyn Fn() -> Timestamp) -> Result<LimiterAnswer, String> {
        loop {
            let seen = self.state().await?;
            let next = match taken(seen.as_ref(), now().ms()) {
                Ok(next) => next,
                Err(later_ms) => return Ok(LimiterAnswer::Later(Timestamp::from_ms(later_ms))),
            };
            if self.swap(seen.as_ref(), next).await? {
                return Ok(LimiterAnswer::Granted);
            }
        }
    }
}
