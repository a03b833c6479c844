// Asks for a page with HttpsURLConnection, on which older libraries of Java are built.
import java.net.URL;

public class UrlConnectionProbe {
    public static void main(String[] words) throws Exception {
        try (var in = new URL(words[0]).openStream()) {
            System.out.print(new String(in.readAllBytes()));
        }
    }
}
