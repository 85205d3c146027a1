//! The units that the embedded engine bills for the table's operations, counted as the answers arrive.
//!
//! A refused conditional write is billed too, but its answer does not contain the units. Each counts as one.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use defender_tag_relay::aws::Aws;

/// Units billed so far. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Units>>);

/// Units billed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    /// Read units.
    pub read: f64,
    /// Write units.
    pub write: f64,
}

impl Meter {
    /// The same clients, with this meter.
    pub fn on(&self, aws: &Aws) -> Aws {
        let config = aws.dynamodb.config().to_builder().interceptor(self.clone()).build();
        Aws { dynamodb: aws_sdk_dynamodb::Client::from_conf(config), ..aws.clone() }
    }

    /// The units so far.
    pub fn units(&self) -> Units {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, read: f64, write: f64) {
        let mut units = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        units.read += read;
        units.write += write;
    }
}

fn total(capacity: Option<&ConsumedCapacity>) -> f64 {
    capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default()
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        let wanted = Some(ReturnConsumedCapacity::Total);
        if let Some(input) = input.downcast_mut::<UpdateItemInput>() {
            input.return_consumed_capacity = wanted;
        } else if let Some(input) = input.downcast_mut::<PutItemInput>() {
            input.return_consumed_capacity = wanted;
        } else if let Some(input) = input.downcast_mut::<GetItemInput>() {
            input.return_consumed_capacity = wanted;
        } else if let Some(input) = input.downcast_mut::<QueryInput>() {
            input.return_consumed_capacity = wanted;
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.output_or_error() {
            Some(Ok(output)) => {
                if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
                    self.add(0.0, total(output.consumed_capacity()));
                } else if let Some(output) = output.downcast_ref::<PutItemOutput>() {
                    self.add(0.0, total(output.consumed_capacity()));
                } else if let Some(output) = output.downcast_ref::<GetItemOutput>() {
                    self.add(total(output.consumed_capacity()), 0.0);
                } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
                    self.add(total(output.consumed_capacity()), 0.0);
                }
            }
            Some(Err(_)) => self.add(0.0, 1.0),
            None => {}
        }
        Ok(())
    }
}
