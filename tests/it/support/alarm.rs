//! Alarms of `template.yaml`, evaluated as CloudWatch does, minute by minute.
//! Source: AWS, "Using Amazon CloudWatch alarms", evaluation and missing data.

use serde_json::Value;

use super::Fixture;
use super::template::template;

/// Seconds of a minute.
const MINUTE_S: usize = 60;

/// The values of one metric that came in each minute.
pub type Minutes = Vec<Vec<i64>>;

/// What the metrics of a fixture's relay counted in each minute.
#[derive(Default)]
pub struct Watch {
    /// How many lines there were at each minute's end.
    ends: Vec<usize>,
}

impl Watch {
    /// So many minutes go by, each with its schedule, every other a second late.
    pub async fn minutes(&mut self, fixture: &Fixture, count: usize) {
        for length_s in [61, 59].into_iter().cycle().take(count) {
            let began_at = fixture.app().clock().now();
            fixture.schedule().await;
            let took_s = fixture.app().clock().now().ms_since(began_at) / 1000;
            fixture.pass_s((length_s - took_s).max(0));
            self.end(fixture);
        }
    }

    /// So many minutes go by without it.
    pub fn silent_minutes(&mut self, fixture: &Fixture, count: usize) {
        (0..count).for_each(|_| self.end(fixture));
    }

    fn end(&mut self, fixture: &Fixture) {
        self.ends.push(fixture.witness.lines.text().lines().count());
    }

    /// Whether the alarm of this name is on at each minute's end.
    pub fn course(&self, fixture: &Fixture, alarm: &str) -> Vec<bool> {
        let alarm = Alarm::named(alarm);
        let minutes = fixture.witness.lines.metric_by(alarm.text("MetricName"), &self.ends);
        (1..=minutes.len()).map(|now| alarm.is_on(&minutes[..now])).collect()
    }
}

/// An alarm.
pub struct Alarm(Value);

impl Alarm {
    pub fn named(name: &str) -> Self {
        let resource = template()["Resources"][name].clone();
        assert_eq!(resource["Type"], "AWS::CloudWatch::Alarm", "{name}");
        Self(resource["Properties"].clone())
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().expect(name)
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.0[name].as_u64().map(|number| usize::try_from(number).unwrap())
    }

    /// Whether it is on after these minutes.
    pub fn is_on(&self, minutes: &[Vec<i64>]) -> bool {
        let long_s = self.number("Period").unwrap();
        assert_eq!(long_s % MINUTE_S, 0);
        let long = long_s / MINUTE_S;
        let periods = self.number("EvaluationPeriods").unwrap();
        let datapoint = |back: usize| {
            let end = minutes.len().saturating_sub(back * long);
            minutes[end.saturating_sub(long)..end].concat()
        };
        let breaching = (0..periods).filter(|back| self.breaches(&datapoint(*back))).count();
        breaching >= self.number("DatapointsToAlarm").unwrap_or(periods)
    }

    fn breaches(&self, values: &[i64]) -> bool {
        let datapoint = match self.text("Statistic") {
            _ if values.is_empty() => return self.text("TreatMissingData") == "breaching",
            "Sum" => values.iter().sum(),
            "Maximum" => *values.iter().max().unwrap(),
            "SampleCount" => i64::try_from(values.len()).unwrap(),
            other => panic!("no alarm here has the statistic {other}"),
        };
        let threshold = self.0["Threshold"].as_i64().unwrap();
        match self.text("ComparisonOperator") {
            "GreaterThanOrEqualToThreshold" => datapoint >= threshold,
            "LessThanOrEqualToThreshold" => datapoint <= threshold,
            other => panic!("no alarm here compares by {other}"),
        }
    }
}
