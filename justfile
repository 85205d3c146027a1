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

# Reviews changed snapshots: run the tests, then look at the difference git shows.
snapshots:
    INSTA_UPDATE=always cargo test --workspace
    git diff --stat -- '*.snap'

lint:
    cargo fmt --all -- --check
    cargo lint

# Everything that must hold before a change goes in.
ci:
    .ci/run
