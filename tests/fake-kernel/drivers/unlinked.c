extern int nowhere_defined(void);
int unlinked_probe(void);

int unlinked_probe(void)
{
	return nowhere_defined();
}
