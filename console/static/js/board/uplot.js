// uPlot as a module. The page loads uPlot as a classic script before any module; the script defines a global.

export default globalThis.uPlot;
