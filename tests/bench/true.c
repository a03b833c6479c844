/* The least that a service can do, so that what is measured is the entrypoint. */
int main(void)
{
	return 0;
}
