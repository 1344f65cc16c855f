"""RQ: thin jobs that call the shop, the worker process, and the sweeper that makes up for a lost queue."""
