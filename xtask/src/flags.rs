//! Reads `--name value` and `--name` from a command line. Refuses what it does not know, so that
//! a misspelt flag never runs something else than was meant.

use crate::Failure;

/// The flags of one call: values by name, switches by presence.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Flags {
    values: Vec<(String, String)>,
    switches: Vec<String>,
}

impl Flags {
    /// Reads `arguments`, which may hold the named values and switches and nothing else.
    pub fn parse(
        arguments: &[String],
        values: &[&str],
        switches: &[&str],
    ) -> Result<Flags, Failure> {
        let mut flags = Flags::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            if values.contains(&name) {
                let value = inline.or_else(|| rest.next().cloned());
                let value = value
                    .ok_or_else(|| Failure::NotReady(format!("`{name}` wants a value after it")))?;
                flags.values.push((name.to_owned(), value));
            } else if switches.contains(&name) && inline.is_none() {
                flags.switches.push(name.to_owned());
            } else {
                let known = match [values, switches].concat().as_slice() {
                    [] => "no flags are".to_owned(),
                    names => format!("only {} are", names.join(", ")),
                };
                return Err(Failure::NotReady(format!("`{argument}` is not known here, {known}")));
            }
        }
        Ok(flags)
    }

    /// The last value given for `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether the switch `name` was given.
    pub fn has(&self, name: &str) -> bool {
        self.switches.iter().any(|given| given == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, Failure> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Flags::parse(&arguments, &["--port", "--scale"], &["--fast"])
    }

    #[test]
    fn values_may_stand_apart_or_joined_and_the_last_one_wins() {
        let flags = parse("--port 1 --fast --scale=city --port 2").unwrap();
        assert_eq!(flags.value("--port"), Some("2"));
        assert_eq!(flags.value("--scale"), Some("city"));
        assert!(flags.has("--fast"));
        assert_eq!(parse("").unwrap(), Flags::default());
    }

    #[test]
    fn anything_unknown_or_unfinished_is_refused() {
        for line in ["--prot 1", "small", "--port", "--fast=yes", "--help"] {
            assert!(matches!(parse(line), Err(Failure::NotReady(_))), "{line}");
        }
    }
}
