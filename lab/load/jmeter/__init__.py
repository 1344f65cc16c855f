"""The independent client: Apache JMeter with customers.jmx, a process with the same output as the generator."""
