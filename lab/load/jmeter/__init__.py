"""The independent client: Apache JMeter with customers.jmx, as a process with the other generator's output."""
