"""The command line starts without anything heavy."""

from __future__ import annotations

import subprocess
import sys


def test_help_imports_nothing_heavy():
    program = (
        "import sys\n"
        "sys.argv = ['fashion', '--help']\n"
        "from fashion_classifier.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'optuna', 'sklearn', 'matplotlib', 'fastapi', 'polars', 'numpy', 'scipy', 'PIL'}\n"
        "print('HEAVY:', sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "HEAVY: []" in result.stdout
    assert "run" in result.stdout
