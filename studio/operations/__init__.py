"""Workers, heartbeats, queues and regions: what operators watch and steer."""
