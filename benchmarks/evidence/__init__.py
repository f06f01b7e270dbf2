"""Is the evidence right? Calibration on logs without interactions, recovery on logs with planted ones."""
