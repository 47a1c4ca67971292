"""The packed_training_set and fine_tuned_model steps: the training library's files with their lineage rows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.core import events, parquet
from meds_pipeline.core.hardware import device_name
from meds_pipeline.core.pretrained import load_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.training.plan import TrainingPlan

logger = logging.getLogger(__name__)
TOKENIZER = "tokenizer"


def pack_samples(
    samples: Output, plan: TrainingPlan, draft: Draft, *, base: Path | None, plan_name: str, seed: int, workers: int
) -> None:
    """Write the tokenizer (of the base model, if there is one), the packed sequences and the ledger."""
    from meds_pipeline.training.packing import LEDGER, SEQUENCES, pack
    from meds_pipeline.training.tokenizer import sample_texts, train_tokenizer

    source = samples.file("samples.parquet")
    tokenizer = draft.path / TOKENIZER
    if base is None:
        train_tokenizer(sample_texts(source), vocab_size=plan.vocabulary, path=tokenizer)
    else:
        load_tokenizer(base).save_pretrained(tokenizer)
    packed = pack(source, tokenizer, draft.path, sequence_length=plan.sequence_length, seed=seed, workers=workers)
    with parquet.connect(threads=workers, memory_limit="2GB", temporary=draft.scratch) as con:
        parquet.view_of(con, "ledger", [draft.path / LEDGER])
        con.execute("SET VARIABLE plan = ?", [plan_name])
        con.execute(
            "CREATE TEMP VIEW ordered AS SELECT getvariable('plan') AS plan, * FROM ledger ORDER BY sequence, slot"
        )
        parquet.copy_ordered(con, "ordered", draft.lineage("sequence"))
    (draft.path / LEDGER).unlink()  # the lineage rows hold the ledger
    draft.rows = {
        "sequences": packed.sequence_count,
        "samples": packed.sample_count,
        "tokens": packed.tokens,
        "truncated": packed.truncated,
    }
    draft.facts = {"fill": round(packed.fill, 4), "sequences": SEQUENCES}


def train_model(packed: Output, plan: TrainingPlan, draft: Draft, *, base: Path | None, plan_name: str) -> None:
    """Train, resuming from checkpoints in the draft's scratch folder, and write model, loss curve and doses."""
    from meds_pipeline.training.finetune import finetune

    def tell(step: int, steps: int, loss: float) -> None:
        events.report(f"training {plan_name}, loss {loss:.3f}", step, steps)

    trained = finetune(
        packed.file("sequences.parquet"),
        packed.path / TOKENIZER,
        draft.path,
        plan.fine_tuning,
        base=base,
        checkpoints=draft.scratch,
        progress=tell,
    )
    doses = pq.read_table(trained.dose)
    plan_column = pa.array([plan_name] * doses.num_rows, pa.string())
    pq.write_table(doses.add_column(0, "plan", plan_column), draft.lineage("dose"), row_group_size=parquet.ROW_GROUP)
    trained.dose.unlink()
    draft.rows = {"steps": trained.steps, "tokens": trained.tokens}
    draft.facts = {
        "first_loss": round(trained.first_loss, 4),
        "last_loss": round(trained.last_loss, 4),
        "device": device_name(),
    }
