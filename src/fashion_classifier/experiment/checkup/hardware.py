"""The machine: processor, cores, memory and room on its disks."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from fashion_classifier.data.cache import cache_folder
from fashion_classifier.experiment.checkup.finding import Finding, Problem
from fashion_classifier.limits import ROOT, available_cores, in_words, rooms

# What the kernel calls the instructions that matter here, and what people call them.
INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_bf16": "AVX-512 bfloat16",
    "amx_bf16": "AMX bfloat16",
    "amx_int8": "AMX int8",
    "asimd": "NEON",
    "bf16": "NEON bfloat16",
    "sve": "SVE",
}
LEAST_MEMORY = 1_500_000_000  # bytes below which a run on Fashion-MNIST does not fit
LEAST_DISK = 500_000_000  # bytes that a run and the cache take of Fashion-MNIST, with room to spare


def processor(root: Path = ROOT) -> Finding:
    """Tell the processor's name and those of its instructions that make a difference."""
    facts = _cpuinfo(root)
    name = facts.get("model name") or platform.processor() or platform.machine()
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    known = [said for flag, said in INSTRUCTIONS.items() if flag in flags]
    said = f"{name}, {platform.machine()}" + (f"\n{', '.join(known)}" if known else "")
    return Finding(said=said, facts={"name": name, "architecture": platform.machine(), "instructions": known})


def cores(root: Path = ROOT) -> Finding:
    """Tell how many cores may be used, and what keeps the program from the others."""
    there = os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else there
    usable = available_cores(root)
    bounds = []
    if allowed < there:
        bounds.append(f"this process is kept to {allowed}")
    if usable < allowed:
        bounds.append("a quota of its control group, as of a container, gives no more")
    said = f"{usable} of {there} may be used" + (f" ({'; '.join(bounds)})" if bounds else "")
    return Finding(said=said, facts={"usable": usable, "allowed": allowed, "present": there})


def memory(root: Path = ROOT) -> Finding:
    """Tell how much memory can be had, by each bound."""
    found = rooms(root)
    facts = {"rooms": [{"bytes": room.n_bytes, "bound": room.bound} for room in found]}
    problems = tuple(
        Problem(
            f"Only {in_words(room.n_bytes)} can be had: {room.bound}.",
            f"A run on Fashion-MNIST takes about {in_words(LEAST_MEMORY)}: free memory, or raise that limit.",
        )
        for room in found
        if room.n_bytes < LEAST_MEMORY
    )
    said = "\n".join(f"{in_words(room.n_bytes)}: {room.bound}" for room in found) or "the system does not tell"
    return Finding(said=said, facts=facts, problems=problems)


def disk() -> Finding:
    """Tell how much room there is where runs and the cache are written, and whether they can be."""
    lines, facts, problems = [], {}, []
    for name, place in (("working folder", Path()), ("cache", cache_folder())):
        there = next(folder for folder in (place, *place.absolute().parents) if folder.is_dir())
        free, writable = shutil.disk_usage(there).free, os.access(there, os.W_OK | os.X_OK)
        facts[name.replace(" ", "_")] = {"path": str(place.absolute()), "free_bytes": free, "writable": writable}
        lines.append(f"{in_words(free)} free in the {name}, {place.absolute()}")
        if not writable:
            remedy = "Go to another folder, or name one" if name != "cache" else "Name another folder in $FASHION_CACHE"
            problems.append(Problem(f"{there.absolute()} cannot be written, the {name}.", f"{remedy}."))
        if free < LEAST_DISK:
            problems.append(Problem(f"Only {in_words(free)} are free in {place.absolute()}.", "Make room there."))
    return Finding(said="\n".join(lines), facts=facts, problems=tuple(problems))


def _cpuinfo(root: Path) -> dict[str, str]:
    """Return what Linux says of the first processor; nothing elsewhere."""
    try:
        text = (root / "proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}
