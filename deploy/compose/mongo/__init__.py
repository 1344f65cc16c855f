"""What the composed MongoDB needs beside mongod: its replica set, its users, and the lag of its members."""
