# The daily commands. `just` lists them; each also works as it stands, without just.

default:
    @just --list

# Plays the events of events/ through the real handler and shows what each did.
play:
    cargo local

# Stays up on 127.0.0.1.
serve:
    cargo local --serve

test:
    cargo test --workspace

# Kills relay processes at random moments under load.
crash seeds="50":
    cargo trial crash --seeds {{seeds}}

# Many clients at once, and a large backlog.
load:
    cargo trial load

# Ten minutes of a mix of senders.
soak minutes="10":
    cargo trial soak --minutes {{minutes}}

# Many processes on one budget, killed at random moments.
limiter:
    cargo trial limiter

# All tests with everything that the usual run leaves out.
long-tests:
    cargo trial long-tests

# This relay next to two other ways.
side-by-side:
    cargo trial side-by-side

# Reviews changed snapshots: run the tests, then look at the difference git shows.
snapshots:
    INSTA_UPDATE=always cargo test --workspace
    git diff --stat -- '*.snap'

# What a permit costs, next to two other limiters.
bench:
    cargo bench --bench budget

lint:
    cargo fmt --all -- --check
    cargo lint

# Everything that must hold before a change goes in.
ci:
    .ci/run
