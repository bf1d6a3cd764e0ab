/** What all random tests of security begin with: the same attempts in each run, so that a failure can be had again. */
export const seed = 20_261_127;
