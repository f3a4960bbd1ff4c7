import { describeAnswerRaces } from './answers.ts'

describeAnswerRaces(2)
