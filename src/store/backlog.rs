//! The backlog: requests that are accepted and not done.
//!
//! Invariant: whoever reads up to an order it was given *before* the read sees every request that was answered
//! before any other request in that read was sent; so a fold never misses the earlier of two.

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, Select};
use futures_util::future::try_join_all;

use super::item::{BACKLOG, Item, PK, QUEUED, bytes, number, text};
use super::{Store, StoreError, record, unavailable};
use crate::domain::{Order, RequestId, RequestRecord, Timestamp};

/// Parts of a tenant's requests. One partition takes about 1,000 write units a second; the order's counter,
/// at one write a request, is then what binds. Source: AWS, "DynamoDB partitions".
const SHARDS: u8 = 4;
/// Machines of one shard that are read at once; about half a megabyte.
const MACHINES_PER_READ: usize = 25_000;
/// Pages of one shard that are read at once.
const PAGES_PER_READ: usize = 100;

/// What a request's first write came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is durable.
    Created,
    /// There was one of this id already.
    Exists(Box<RequestRecord>),
}

/// What a write of outcomes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// They are durable.
    Saved,
    /// Another drain has changed the request since it was read.
    Changed,
}

/// Size and age of a tenant's backlog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Requests that wait.
    pub requests: usize,
    /// When the one first in order was received.
    pub oldest: Option<Timestamp>,
}

struct Read {
    records: Vec<RequestRecord>,
    /// The last order read, where there is more to read.
    cut: Option<Order>,
}

impl Store {
    fn request_pk(&self, id: RequestId) -> String {
        let shard = id.as_bytes().iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) % SHARDS;
        self.shard_pk(shard)
    }

    fn shard_pk(&self, shard: u8) -> String {
        format!("{}#{shard}", self.tenant)
    }

    /// Makes a request durable, unless there is one of this id.
    pub async fn put(&self, record: &RequestRecord) -> Result<Put, StoreError> {
        let item = record::to_item(self.request_pk(record.request.id), record);
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(Put::Created) };
        match error.as_service_error() {
            Some(aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                old,
            )) => {
                let item =
                    old.item().ok_or_else(|| StoreError::Malformed("a request without an item".into()))?;
                record::from_item(item).map(Box::new).map(Put::Exists)
            }
            _ => Err(unavailable(&error)),
        }
    }

    /// The request of this id.
    pub async fn load(&self, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        let key = record::key(self.request_pk(id), id).map(|(name, value)| (name.to_owned(), value));
        let get =
            self.client.get_item().table_name(&self.table).set_key(Some(key.into())).consistent_read(true);
        let found = get.send().await.map_err(|error| unavailable(&error))?;
        found.item().map(record::from_item).transpose()
    }

    /// The requests that wait, in their order, none after `horizon`.
    pub async fn backlog(&self, horizon: Order) -> Result<Vec<RequestRecord>, StoreError> {
        let reads = try_join_all((0..SHARDS).map(|shard| self.read_shard(shard, horizon))).await?;
        let cut = reads.iter().filter_map(|read| read.cut).min().unwrap_or(horizon);
        let mut records: Vec<_> = reads.into_iter().flat_map(|read| read.records).collect();
        records.retain(|record| record.queued.is_some_and(|order| order <= cut));
        records.sort_unstable_by_key(|record| record.queued);
        Ok(records)
    }

    async fn read_shard(&self, shard: u8, horizon: Order) -> Result<Read, StoreError> {
        let mut read = Read { records: Vec::new(), cut: None };
        let (mut machines, mut start) = (0, None);
        for _ in 0..PAGES_PER_READ {
            let page = self.shard_query(shard, horizon).select(Select::AllAttributes);
            let page =
                page.set_exclusive_start_key(start).send().await.map_err(|error| unavailable(&error))?;
            for record in page.items().iter().filter_map(readable) {
                machines += record.request.machines.len();
                read.records.push(record);
            }
            start = page.last_evaluated_key;
            if start.is_none() || machines >= MACHINES_PER_READ {
                break;
            }
        }
        if start.is_some() {
            read.cut = read.records.last().and_then(|record| record.queued).or(Some(0));
        }
        Ok(read)
    }

    fn shard_query(
        &self,
        shard: u8,
        horizon: Order,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(BACKLOG)
            .key_condition_expression("#pk = :pk AND #queued <= :horizon")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#queued", QUEUED)
            .expression_attribute_values(":pk", text(self.shard_pk(shard)))
            .expression_attribute_values(":horizon", number(horizon))
            .consistent_read(true)
    }

    /// Whether anything waits.
    pub async fn has_backlog(&self) -> Result<bool, StoreError> {
        let query = |shard| self.shard_query(shard, Order::MAX).select(Select::Count).limit(1).send();
        let pages = try_join_all((0..SHARDS).map(query)).await.map_err(|error| unavailable(&error))?;
        Ok(pages.iter().any(|page| page.count() > 0))
    }

    /// Size and age of the backlog.
    pub async fn backlog_size(&self) -> Result<Backlog, StoreError> {
        let shards = try_join_all((0..SHARDS).map(|shard| self.count_shard(shard))).await?;
        let requests = shards.iter().map(|(count, _)| count).sum();
        let oldest = shards.iter().filter_map(|(_, first)| *first).min();
        let oldest = oldest.map(|(_, received_at)| received_at);
        Ok(Backlog { requests, oldest })
    }

    async fn count_shard(&self, shard: u8) -> Result<(usize, Option<(Order, Timestamp)>), StoreError> {
        let first = self.shard_query(shard, Order::MAX).select(Select::AllAttributes).limit(1).send();
        let first = first.await.map_err(|error| unavailable(&error))?;
        let first = first.items().first().and_then(readable);
        let first = first.and_then(|record| Some((record.queued?, record.request.received_at)));
        let (mut requests, mut start) = (0, None);
        for _ in 0..PAGES_PER_READ {
            let page =
                self.shard_query(shard, Order::MAX).select(Select::Count).set_exclusive_start_key(start);
            let page = page.send().await.map_err(|error| unavailable(&error))?;
            requests += usize::try_from(page.count()).unwrap_or(0);
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok((requests, first))
    }

    /// Makes a request's outcomes durable and, if it is done, takes it out of the backlog in the same write.
    pub async fn save(&self, record: &RequestRecord, now: Timestamp) -> Result<Save, StoreError> {
        let request = &record.request;
        let (packed, done) = (record::pack(&record.outcomes), record.is_done());
        let codes = packed.codes.clone();
        let key = record::key(self.request_pk(request.id), request.id)
            .map(|(name, value)| (name.to_owned(), value));
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.into()))
            .update_expression(format!(
                "SET outcomes = :outcomes, details = :details, revision = :next{}",
                record::done_clause(done)
            ))
            .condition_expression("revision = :seen")
            .expression_attribute_values(":outcomes", bytes(packed.codes))
            .expression_attribute_values(
                ":details",
                aws_sdk_dynamodb::types::AttributeValue::L(packed.details),
            )
            .expression_attribute_values(":seen", number(record.revision))
            .expression_attribute_values(":next", number(record.revision + 1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if done {
            update = update.expression_attribute_values(":kept", number(record::kept_until(now)));
        }
        let Err(error) = update.send().await else { return Ok(Save::Saved) };
        match error.as_service_error() {
            Some(
                aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                    old,
                ),
            ) => Ok(if old.item().is_some_and(|item| is_ours(item, record.revision + 1, &codes)) {
                Save::Saved
            } else {
                Save::Changed
            }),
            _ => Err(unavailable(&error)),
        }
    }
}

/// Whether the item is what an earlier attempt of the same write left.
fn is_ours(item: &Item, revision: u32, codes: &[u8]) -> bool {
    let same =
        |seen: &RequestRecord| seen.revision == revision && record::pack(&seen.outcomes).codes == codes;
    record::from_item(item).is_ok_and(|seen| same(&seen))
}

/// One item that cannot be read must not keep the others waiting.
fn readable(item: &Item) -> Option<RequestRecord> {
    match record::from_item(item) {
        Ok(record) => Some(record),
        Err(error) => {
            tracing::error!(%error, key = ?item.get(super::item::SK), "a request in the backlog cannot be read");
            None
        }
    }
}
