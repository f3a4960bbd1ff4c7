import { describeRaces } from './races.ts'

describeRaces(10, 5)
