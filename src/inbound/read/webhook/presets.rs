//! The presets: where senders keep things in their bodies, as data. Each file has the shape of a source's `read`.

/// The preset of native requests. It has no file: it is Defender's own names.
pub(super) const NATIVE: &str = "native";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Every preset with a file, and its text.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../../presets/", $name, ".json")))),*];
    };
}

files![
    "alertmanager",
    "azure_monitor",
    "datadog",
    "elastic",
    "eventbridge",
    "grafana",
    "graylog",
    "pagerduty",
    "sentinel",
    "splunk",
    "sumo_logic",
    "wazuh",
];

/// The text of a preset's file.
pub(super) fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The presets' names, for messages.
pub(super) fn names() -> String {
    let files = FILES.iter().map(|(name, _)| *name);
    std::iter::once(NATIVE).chain(files).collect::<Vec<_>>().join(", ")
}
