import { storageConformance } from '../conformance/storage.ts'
import { onMongodb } from '../support/stores.ts'

onMongodb(storageConformance)
