import { describeSentRaces } from './sent.ts'

describeSentRaces(50)
