//! Two fixed windows, as `RateLimiterDynamo` of rate-limiter-flexible 11 keeps them, joined as its
//! `RateLimiterUnion` does: every window counts each call, whatever the other says.
//!
//! Each counting is two writes: one that starts a window anew if the old one is over, and, if that is refused,
//! one that counts. Over the limit it keeps counting.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use defender_tag_relay::domain::Timestamp;
use local::loopback::TABLE;
use trials::virtual_time::{Contention, Limiter, LimiterAnswer};

use super::item::{LimiterItem, get, number, text};

const WINDOWS: [(&str, i64, i64); 2] = [("minute", 100, 60_000), ("hour", 1_500, 3_600_000)];

pub struct FixedWindow(Client);

impl FixedWindow {
    pub fn new(contention: &Contention, _: u64) -> Self {
        Self(contention.table.client())
    }

    /// Calls counted in the window, and when it ends.
    async fn count(&self, window: &str, length_ms: i64, now_ms: i64) -> Result<(i64, i64), String> {
        let anew = self
            .update(window)
            .update_expression("SET points = :one, expire = :end")
            .condition_expression("expire <= :now OR attribute_not_exists(points)")
            .expression_attribute_values(":end", number(now_ms + length_ms));
        if let Some(item) = written(anew, now_ms).await? {
            return read(&item);
        }
        let more = self
            .update(window)
            .update_expression("SET points = points + :one")
            .condition_expression("expire > :now");
        read(&written(more, now_ms).await?.ok_or("the window ended between the two writes")?)
    }

    fn update(&self, window: &str) -> UpdateItemFluentBuilder {
        let update = self.0.update_item().table_name(TABLE).key("pk", text(window)).key("sk", text("window"));
        update.expression_attribute_values(":one", number(1)).return_values(ReturnValue::AllNew)
    }
}

async fn written(update: UpdateItemFluentBuilder, now_ms: i64) -> Result<Option<LimiterItem>, String> {
    match update.expression_attribute_values(":now", number(now_ms)).send().await {
        Ok(done) => Ok(done.attributes),
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), UpdateItemError::ConditionalCheckFailedException(_)) =>
        {
            Ok(None)
        }
        Err(error) => Err(format!("{error:?}")),
    }
}

fn read(item: &LimiterItem) -> Result<(i64, i64), String> {
    get(item, "points").zip(get(item, "expire")).ok_or_else(|| "no counter".into())
}

impl Limiter for FixedWindow {
    async fn ask(&mut self, now: &dyn Fn() -> Timestamp) -> Result<LimiterAnswer, String> {
        let now_ms = now().ms();
        let mut later = None;
        for (window, limit, length_ms) in WINDOWS {
            let (points, end_ms) = self.count(window, length_ms, now_ms).await?;
            if points > limit {
                later = later.max(Some(end_ms));
            }
        }
        Ok(later.map_or(LimiterAnswer::Granted, |end_ms| LimiterAnswer::Later(Timestamp::from_ms(end_ms))))
    }
}
