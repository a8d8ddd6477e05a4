int noisy_probe(int quiet);

int noisy_probe(int quiet)
{
	int unused;

#warning "noisy for the tests: error: this is none"
	return 0;
}
