/* python.exe and pythonw.exe (-DGUI), as python.org's are: everything is in python311.dll. */
#include <windows.h>
#include <shellapi.h>

int Py_Main(int argc, wchar_t **argv);

#ifdef GUI
int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, LPWSTR line, int show) {
    int argc;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    return Py_Main(argc, argv);
}
#else
int wmain(int argc, wchar_t **argv) {
    return Py_Main(argc, argv);
}
#endif
