"""What xlearn prints becomes a curve; the table tells when a level is reached, and when not."""

from benchmarks.ffm_race import LEVELS, Run, parse_curve, table

GREEN, PLAIN = "\x1b[32m", "\x1b[0m"
# as xlearn 0.40 prints it with metric: auc
PRINTED = "\n".join(
    [
        f"{GREEN}[------------]{PLAIN} Epoch      Train log_loss       Test log_loss            Test AUC     Time cost",
        f"{GREEN}[ {PLAIN}  50%{GREEN}      ]{PLAIN}     1            0.496388       0.486396     0.753648     0.31",
        f"{GREEN}[ {PLAIN} 100%{GREEN}      ]{PLAIN}     2            0.474858       0.482673     0.758139     0.25",
        f"{GREEN}[------------] {PLAIN}Model file: model.bin",
        "Time cost for saving model: 0.01 (sec)",
    ]
)


def test_epochs_become_a_curve():
    assert parse_curve(PRINTED) == ((0.31, 0.753648), (0.56, 0.758139))


def test_a_level_is_reached_at_the_first_evaluation_above_it():
    run = Run(start=0, rows_per_second=1, curve=((1.0, 0.5), (2.0, 0.7), (3.0, 0.6), (4.0, 0.7)))
    assert [run.seconds_to(level) for level in (0.5, 0.55, 0.7, 0.71)] == [1.0, 2.0, 2.0, None]
    assert run.best == (2.0, 0.7)


def test_a_level_that_one_seed_misses_has_no_time():
    low, high = LEVELS[0], LEVELS[-1]
    good = Run(1.0, 200_000, ((1.0, low), (3.0, high)))
    bad = Run(2.0, 100_000, ((2.0, low),))
    cells = [cell.strip() for cell in table({"FFM": [good, bad]}).splitlines()[-1].split("|")[1:-1]]
    assert cells == ["FFM", "100 to 200", "1.5", "1.5", "", "", f"{(low + high) / 2:.4f}", "2.5"]
