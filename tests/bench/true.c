/* The minimal service, so that the times are those of the entrypoint. */
int main(void)
{
	return 0;
}
