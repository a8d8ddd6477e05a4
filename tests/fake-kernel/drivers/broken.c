int broken_probe(void);

int broken_probe(void)
{
	return no_such_symbol;
}
