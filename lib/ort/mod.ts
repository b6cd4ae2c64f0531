/**
 * ONNX Runtime's C API over FFI: the only room that knows a pointer.
 *
 * @module
 */
export { AddressTable } from "./address_table.ts";
export { metOnHost, noteOnHost } from "./assignment.ts";
export * from "./api.ts";
export * from "./graph.ts";
export { CPU, type Engine, type Provider } from "./engine.ts";
export { type CudaDriver } from "./cuda/driver.ts";
export { type CudaDevice, cudaDevice, cudaLack, cudaPartsHere, cudaRemedy } from "./cuda/provider.ts";
export { trimHeap } from "./heap.ts";
export * from "./library.ts";
export * from "./runtime.ts";
export * from "./session.ts";
export * from "./value.ts";
export { vulkanDrivers } from "./vulkan.ts";
export { type ProviderMemory, WEBGPU, WEBGPU_REMEDY, webgpuComputesHalf, webgpuMemory } from "./webgpu.ts";
export { hostAllocator, useWorkspace, type Workspace } from "./workspace.ts";
export { failsOnWebgpu } from "./webgpu_faults.ts";
