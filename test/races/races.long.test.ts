import { describeRaces } from './races.ts'

describeRaces(200, 50)
