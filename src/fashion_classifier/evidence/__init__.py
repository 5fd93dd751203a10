"""What must train or attack to know: seed noise, learning curves, label audit, attacks."""
