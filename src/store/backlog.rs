//! The backlog: requests that are accepted and not done.
//!
//! Invariant: a read up to an order that was given out *before* the read returns every request that was answered
//! before any other request of that read was sent. So a fold never misses the earlier of two requests.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures_util::future::try_join_all;

use super::conditional::conditional;
use super::item::{BACKLOG, Item, PK, QUEUED, SK, number, text};
use super::request_item;
use super::table::{Store, StoreError, unavailable};
use crate::domain::{Order, RequestId, RequestRecord, Timestamp};

/// Parts of a tenant's requests. One partition takes about 1,000 write units a second; the order's counter,
/// at one write a request, is then what binds. Source: AWS, "DynamoDB partitions".
const SHARDS: u8 = 4;
/// Machines of one shard that are read at once; about half a megabyte.
const MACHINES_PER_READ: usize = 25_000;
/// Pages of one shard that are read at once.
const PAGES_PER_READ: usize = 100;

/// Size and age of a tenant's backlog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Requests that wait.
    pub requests: usize,
    /// When the one first in order was received, or sent again.
    pub oldest: Option<Timestamp>,
}

/// The requests that wait, as far as they were read.
#[derive(Debug, Default)]
pub struct BacklogPage {
    /// The requests, in their order.
    pub records: Vec<RequestRecord>,
    /// Entries that cannot be read.
    pub dead: Vec<DeadEntry>,
    /// Whether there is nothing beyond what was read.
    pub whole: bool,
}

/// An entry of the backlog that cannot be read.
#[derive(Clone, Debug)]
pub struct DeadEntry {
    key: Item,
    queued: AttributeValue,
    /// Why.
    pub why: String,
}

#[derive(Default)]
struct ShardRead {
    records: Vec<RequestRecord>,
    dead: Vec<DeadEntry>,
    /// The last order read, where there is more to read.
    cut: Option<Order>,
}

/// The size of one shard, and its first request's order and time.
struct ShardSize {
    requests: usize,
    first: Option<(Order, Timestamp)>,
}

impl Store {
    pub(super) fn request_pk(&self, id: RequestId) -> String {
        let shard = id.as_bytes().iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) % SHARDS;
        self.shard_pk(shard)
    }

    fn shard_pk(&self, shard: u8) -> String {
        format!("{}#{shard}", self.tenant)
    }

    /// The requests that wait, in their order, none after `horizon`.
    pub async fn backlog(&self, horizon: Order) -> Result<BacklogPage, StoreError> {
        let reads = try_join_all((0..SHARDS).map(|shard| self.read_shard(shard, horizon))).await?;
        let cut = reads.iter().filter_map(|read| read.cut).min();
        let mut page = BacklogPage { whole: cut.is_none(), ..BacklogPage::default() };
        for read in reads {
            page.records.extend(read.records);
            page.dead.extend(read.dead);
        }
        let last = cut.unwrap_or(horizon);
        page.records.retain(|record| record.queued.is_some_and(|order| order <= last));
        page.records.sort_unstable_by_key(|record| record.queued);
        Ok(page)
    }

    async fn read_shard(&self, shard: u8, horizon: Order) -> Result<ShardRead, StoreError> {
        let mut read = ShardRead::default();
        let mut machines = 0;
        let mut start = None;
        for _ in 0..PAGES_PER_READ {
            let page = self.shard_query(shard, horizon).select(Select::AllAttributes);
            let page = match page.set_exclusive_start_key(start.clone()).send().await {
                Ok(page) => page,
                // What was read so far can be drained. Otherwise a throttled table would make each drain begin anew.
                Err(error) if !read.records.is_empty() => {
                    tracing::warn!(error = crate::aws::describe(&error), "the backlog is read in part");
                    break;
                }
                Err(error) => return Err(unavailable(&error)),
            };
            for item in page.items() {
                match request_item::from_item(item) {
                    Ok(record) => {
                        machines += record.request.machines.len();
                        read.records.push(record);
                    }
                    Err(error) => read.dead.extend(DeadEntry::of(item, &error)),
                }
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

    /// Takes an entry that cannot be read out of the backlog, so that it blocks nothing. The item stays, with its
    /// place in the order under `setAside`.
    pub async fn set_aside(&self, entry: &DeadEntry) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(entry.key.clone()))
            .update_expression(format!("SET setAside = :queued REMOVE {QUEUED}"))
            .condition_expression(format!("{QUEUED} = :queued"))
            .expression_attribute_values(":queued", entry.queued.clone());
        conditional(update.send().await).map(|_| ())
    }

    /// Whether the request is still in the backlog. Reads the index's entry alone, which is small however many
    /// machines the request names.
    pub async fn is_waiting(&self, id: RequestId, order: Order) -> Result<bool, StoreError> {
        let query = self.backlog_query(self.request_pk(id), "=", order).select(Select::Count);
        let page = query.send().await.map_err(|error| unavailable(&error))?;
        Ok(page.count() > 0)
    }

    fn shard_query(&self, shard: u8, horizon: Order) -> QueryFluentBuilder {
        self.backlog_query(self.shard_pk(shard), "<=", horizon)
    }

    fn backlog_query(&self, pk: String, compared: &str, order: Order) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(BACKLOG)
            .key_condition_expression(format!("#pk = :pk AND #queued {compared} :order"))
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#queued", QUEUED)
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":order", number(order))
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
        let requests = shards.iter().map(|shard| shard.requests).sum();
        let first = shards.iter().filter_map(|shard| shard.first).min();
        Ok(Backlog { requests, oldest: first.map(|(_, queued_at)| queued_at) })
    }

    async fn count_shard(&self, shard: u8) -> Result<ShardSize, StoreError> {
        let first = self.shard_query(shard, Order::MAX).select(Select::AllAttributes).limit(1).send();
        let first = first.await.map_err(|error| unavailable(&error))?;
        let first = first.items().first().and_then(|item| request_item::from_item(item).ok());
        let first = first.and_then(|record| Some((record.queued?, record.queued_at)));
        let mut requests = 0;
        let mut start = None;
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
        Ok(ShardSize { requests, first })
    }
}

impl DeadEntry {
    fn of(item: &Item, error: &StoreError) -> Option<Self> {
        let attribute = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
        Some(Self {
            key: [attribute(PK)?, attribute(SK)?].into(),
            queued: item.get(QUEUED)?.clone(),
            why: error.to_string(),
        })
    }

    /// The item's sort key.
    pub fn name(&self) -> &str {
        self.key.get(SK).and_then(|value| value.as_s().ok()).map_or("unnamed", String::as_str)
    }
}
