package arguments

// DeathPlace is where RabbitMQ has the entry of x-death that is i-th from the latest, of n: with
// every death it turns round what was there before, and puts the new one in front. So
// it is where messages go straight on or round in circles; where one dies again in
// another queue than the one it was longest away from, RabbitMQ's order is another.
func DeathPlace(i, n int) int {
	if i%2 == 0 {
		return i / 2
	}
	return n - 1 - i/2
}
