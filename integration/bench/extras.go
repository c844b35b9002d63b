package main

// addExtras appends what is not a client against a peer.
func (rep *report) addExtras(*options) {}
