# Stands for the companion that ExchUCUtil.ps1 calls by a relative path; the simulator knows the pools itself.
