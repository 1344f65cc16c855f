"""The independent client: Apache JMeter with customers.jmx, as a process that tells what the other generator tells."""
